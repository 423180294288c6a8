from django.urls import path
from vouchers.views import PublicationsView

urlpatterns = [path("v1/publications", PublicationsView.as_view())]
